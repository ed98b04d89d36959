// EU DSS as an outside judge. Arguments: a directory with roots/*.cer, authorities/*.cer and crls/*.crl, then PDFs.
// Prints one line a signature or time-stamp: file, kind, indication, sub-indication, level, integrity; tabs between. Contacts nobody.
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonCertificateSource;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

public class Dss {
    public static void main(String[] arguments) throws Exception {
        File known = new File(arguments[0]);
        CommonTrustedCertificateSource roots = new CommonTrustedCertificateSource();
        for (File file : new File(known, "roots").listFiles()) roots.addCertificate(DSSUtils.loadCertificate(file));
        CommonCertificateSource authorities = new CommonCertificateSource();
        for (File file : new File(known, "authorities").listFiles()) authorities.addCertificate(DSSUtils.loadCertificate(file));
        List<InputStream> lists = new ArrayList<>();
        for (File file : new File(known, "crls").listFiles()) lists.add(new FileInputStream(file));
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(roots);
        verifier.setAdjunctCertSources(authorities);
        verifier.setCrlSource(new ExternalResourcesCRLSource(lists.toArray(new InputStream[0])));
        verifier.setAIASource(null);
        verifier.setOcspSource(null);
        for (int i = 1; i < arguments.length; i++) judge(arguments[i], verifier);
    }

    private static void judge(String name, CommonCertificateVerifier verifier) {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(name));
        validator.setCertificateVerifier(verifier);
        Reports reports = validator.validateDocument();
        SimpleReport report = reports.getSimpleReport();
        for (SignatureWrapper signature : reports.getDiagnosticData().getSignatures()) {
            String id = signature.getId();
            // Overlapping annotations are left out: decree 30/2020 wants the seal over a third of the person's signature.
            boolean intact = signature.isSignatureIntact() && signature.getPdfUndefinedChanges().isEmpty()
                && signature.getPdfAnnotationChanges().isEmpty() && signature.getPdfPageDifferenceConcernedPages().isEmpty();
            print(name, "signature", report.getIndication(id), report.getSubIndication(id), report.getSignatureFormat(id), intact);
            if (report.getIndication(id) != Indication.TOTAL_PASSED) {
                report.getAdESValidationErrors(id).forEach(error -> System.err.println(name + ": " + error.getValue()));
            }
        }
        for (TimestampWrapper stamp : reports.getDiagnosticData().getTimestampList()) {
            String id = stamp.getId();
            print(name, stamp.getType(), report.getIndication(id), report.getSubIndication(id), "", stamp.isSignatureIntact());
        }
    }

    private static void print(String name, Object kind, Object indication, Object sub, Object level, boolean intact) {
        System.out.println(String.join("\t", name, "" + kind, "" + indication, "" + sub, "" + level, "" + intact));
    }
}
