// Writes and signs documents with PDFBox and OpenPDF, as software in Java does. Arguments: a PKCS#12 file, its password, a
// directory. Makes one file a way of signing; contacts nobody.
import com.lowagie.text.Document;
import com.lowagie.text.Paragraph;
import com.lowagie.text.Rectangle;
import com.lowagie.text.pdf.PdfDate;
import com.lowagie.text.pdf.PdfDictionary;
import com.lowagie.text.pdf.PdfName;
import com.lowagie.text.pdf.PdfReader;
import com.lowagie.text.pdf.PdfSignature;
import com.lowagie.text.pdf.PdfSignatureAppearance;
import com.lowagie.text.pdf.PdfStamper;
import com.lowagie.text.pdf.PdfString;
import com.lowagie.text.pdf.PdfWriter;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Calendar;
import java.util.HashMap;
import java.util.List;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.pdfwriter.compress.CompressParameters;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.PDResources;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationWidget;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAppearanceDictionary;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAppearanceStream;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.apache.pdfbox.pdmodel.interactive.form.PDAcroForm;
import org.apache.pdfbox.pdmodel.interactive.form.PDSignatureField;
import org.apache.pdfbox.pdmodel.interactive.form.PDTextField;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public class Sign {
    private static PrivateKey key;
    private static Certificate[] chain;

    public static void main(String[] arguments) throws Exception {
        char[] password = arguments[1].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(arguments[0])) { store.load(in, password); }
        String alias = store.aliases().nextElement();
        key = (PrivateKey) store.getKey(alias, password);
        chain = store.getCertificateChain(alias);
        Path out = new File(arguments[2]).toPath();
        byte[] table = byPdfBox(false), streams = byPdfBox(true), open = byOpenPdf(false), full = byOpenPdf(true);
        save(out, "pdfbox-table", pdfBox(table, "Sig1", false, 0));
        save(out, "pdfbox-streams", pdfBox(streams, "Sig1", false, 0));
        save(out, "pdfbox-visible-twice", pdfBox(pdfBox(streams, "Sig1", true, 0), "Sig2", true, 0));
        save(out, "pdfbox-certified", pdfBox(table, "Sig1", false, 2));
        save(out, "pdfbox-in-a-waiting-field", pdfBox(withFields(), "Waiting", false, 0));
        save(out, "openpdf-visible", openPdf(open, "Sig1", true, false));
        save(out, "openpdf-streams", openPdf(full, "Sig1", true, false));
        save(out, "openpdf-twice", openPdf(openPdf(open, "Sig1", true, false), "Sig2", true, true));
        save(out, "openpdf-certified", openPdf(open, "Sig1", false, false, PdfSignatureAppearance.CERTIFIED_FORM_FILLING));
        save(out, "pdfbox-on-openpdf", pdfBox(openPdf(full, "Sig1", true, false), "Sig2", true, 0));
        save(out, "openpdf-on-pdfbox", openPdf(pdfBox(streams, "Sig1", true, 0), "Sig2", true, true));
    }

    private static void save(Path directory, String name, byte[] pdf) throws Exception {
        Files.write(directory.resolve(name + ".pdf"), pdf);
    }

    private static byte[] cms(byte[] content) throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
            .build(new JcaContentSignerBuilder("SHA256withRSA").build(key), (X509Certificate) chain[0]));
        generator.addCertificates(new JcaCertStore(Arrays.asList(chain)));
        return generator.generate(new CMSProcessableByteArray(content), false).getEncoded();
    }

    private static byte[] byPdfBox(boolean streams) throws Exception {
        try (PDDocument document = new PDDocument()) {
            written(document);
            return saved(document, streams);
        }
    }

    private static PDPage written(PDDocument document) throws Exception {
        PDPage page = new PDPage(PDRectangle.A4);
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
            content.beginText();
            content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 24);
            content.newLineAtOffset(60, 700);
            content.showText("So tien: 1.000.000");
            content.endText();
        }
        return page;
    }

    private static byte[] saved(PDDocument document, boolean streams) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        document.save(out, streams ? CompressParameters.DEFAULT_COMPRESSION : CompressParameters.NO_COMPRESSION);
        return out.toByteArray();
    }

    /** A form with a text field and a field that waits for a signature. */
    private static byte[] withFields() throws Exception {
        try (PDDocument document = new PDDocument()) {
            PDPage page = written(document);
            PDAcroForm form = new PDAcroForm(document);
            document.getDocumentCatalog().setAcroForm(form);
            PDResources resources = new PDResources();
            resources.put(COSName.getPDFName("Helv"), new PDType1Font(Standard14Fonts.FontName.HELVETICA));
            form.setDefaultResources(resources);
            form.setDefaultAppearance("/Helv 12 Tf 0 g");
            PDTextField text = new PDTextField(form);
            text.setPartialName("SoTien");
            place(page, text.getWidgets().get(0), 60, 500);
            PDSignatureField waiting = new PDSignatureField(form);
            waiting.setPartialName("Waiting");
            place(page, waiting.getWidgets().get(0), 60, 300);
            form.setFields(List.of(text, waiting));
            text.setValue("12");
            return saved(document, true);
        }
    }

    private static void place(PDPage page, PDAnnotationWidget widget, int x, int y) throws Exception {
        widget.setRectangle(new PDRectangle(x, y, 140, 40));
        widget.setPage(page);
        widget.setPrinted(true);
        page.getAnnotations().add(widget);
    }

    private static byte[] pdfBox(byte[] pdf, String name, boolean visible, int certify) throws Exception {
        try (PDDocument document = Loader.loadPDF(pdf)) {
            PDSignature signature = new PDSignature();
            signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
            signature.setSubFilter(PDSignature.SUBFILTER_ADBE_PKCS7_DETACHED);
            signature.setName("TEST");
            signature.setSignDate(Calendar.getInstance());
            PDAcroForm form = document.getDocumentCatalog().getAcroForm(null);
            if (form != null && form.getField(name) instanceof PDSignatureField) {
                ((PDSignatureField) form.getField(name)).setValue(signature);
            }
            if (certify > 0) certify(document, signature, certify);
            document.addSignature(signature, content -> {
                try {
                    return cms(content.readAllBytes());
                } catch (Exception error) {
                    throw new java.io.IOException(error);
                }
            });
            if (visible) draw(document, document.getLastSignatureDictionary());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            document.saveIncremental(out);
            return out.toByteArray();
        }
    }

    /** Give the newest field a picture, beside those that are there. */
    private static void draw(PDDocument document, PDSignature signature) throws Exception {
        int index = document.getSignatureFields().size() - 1;
        PDAnnotationWidget widget = document.getSignatureFields().get(index).getWidgets().get(0);
        widget.setRectangle(new PDRectangle(60 + 200 * index, 200, 140, 60));
        PDAppearanceStream look = new PDAppearanceStream(document);
        look.setBBox(new PDRectangle(140, 60));
        look.setResources(new PDResources());
        try (PDPageContentStream content = new PDPageContentStream(document, look)) {
            content.setNonStrokingColor(0.8f);
            content.addRect(0, 0, 140, 60);
            content.fill();
        }
        PDAppearanceDictionary appearance = new PDAppearanceDictionary();
        appearance.setNormalAppearance(look);
        widget.setAppearance(appearance);
        widget.getCOSObject().setNeedToBeUpdated(true);
    }

    private static void certify(PDDocument document, PDSignature signature, int level) {
        COSDictionary parameters = new COSDictionary();
        parameters.setItem(COSName.TYPE, COSName.getPDFName("TransformParams"));
        parameters.setInt(COSName.P, level);
        parameters.setName(COSName.V, "1.2");
        COSDictionary reference = new COSDictionary();
        reference.setItem(COSName.TYPE, COSName.getPDFName("SigRef"));
        reference.setItem("TransformMethod", COSName.getPDFName("DocMDP"));
        reference.setItem("TransformParams", parameters);
        COSArray references = new COSArray();
        references.add(reference);
        signature.getCOSObject().setItem("Reference", references);
        COSDictionary permissions = new COSDictionary();
        permissions.setItem("DocMDP", signature);
        COSDictionary catalog = document.getDocumentCatalog().getCOSObject();
        catalog.setItem("Perms", permissions);
        catalog.setNeedToBeUpdated(true);
        permissions.setNeedToBeUpdated(true);
    }

    private static byte[] byOpenPdf(boolean streams) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Document document = new Document();
        PdfWriter writer = PdfWriter.getInstance(document, out);
        if (streams) writer.setFullCompression();
        document.open();
        document.add(new Paragraph("So tien: 1.000.000"));
        document.close();
        return out.toByteArray();
    }

    private static byte[] openPdf(byte[] pdf, String name, boolean visible, boolean append) throws Exception {
        return openPdf(pdf, name, visible, append, PdfSignatureAppearance.NOT_CERTIFIED);
    }

    private static byte[] openPdf(byte[] pdf, String name, boolean visible, boolean append, int certify) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PdfStamper stamper = PdfStamper.createSignature(new PdfReader(pdf), out, '\0', null, append);
        PdfSignatureAppearance appearance = stamper.getSignatureAppearance();
        appearance.setCrypto(key, chain, null, null);
        appearance.setCertificationLevel(certify);
        int left = name.equals("Sig1") ? 60 : 260;
        if (visible) appearance.setVisibleSignature(new Rectangle(left, 200, left + 140, 260), 1, name);
        PdfSignature signature = new PdfSignature(PdfName.ADOBE_PPKLITE, new PdfName("adbe.pkcs7.detached"));
        signature.setReason("TEST");
        signature.setDate(new PdfDate(Calendar.getInstance()));
        appearance.setCryptoDictionary(signature);
        int room = 8192;
        HashMap<PdfName, Integer> excluded = new HashMap<>();
        excluded.put(PdfName.CONTENTS, room * 2 + 2);
        appearance.preClose(excluded);
        byte[] padded = Arrays.copyOf(cms(appearance.getRangeStream().readAllBytes()), room);
        PdfDictionary filled = new PdfDictionary();
        filled.put(PdfName.CONTENTS, new PdfString(padded).setHexWriting(true));
        appearance.close(filled);
        return out.toByteArray();
    }
}
