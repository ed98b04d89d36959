"""Network: addresses in certificates. Whatever they name, nobody is contacted; the tests close every socket."""

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Case, Group, Sample, attack
from pdfcases.pages import plain
from pdfcases.scene import Scene
from pdfcases.witnesses import fact


def _address(name: str, about: str, address: str) -> Case:
    def build(scene: Scene) -> Sample:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)
        access = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
            for method in (AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS)
        ]
        extensions = (
            (x509.CRLDistributionPoints([point]), False),
            (x509.AuthorityInformationAccess(access), False),
        )
        signed = scene.sign(plain(), who=scene.holder(extensions=extensions))
        return Sample(signed, lists=RevocationSnapshot())

    build.__name__, build.__doc__ = name, about
    return attack(
        Group.NETWORK,
        fact(f"the certificate names {address}", lambda sample: address.encode().hex().encode() in sample.data),
        Cause.REVOCATION_MISSING,
        integrity=Integrity.INTACT,
        indication=Indication.INDETERMINATE,
        rule="status-known",
    )(build)


CASES = (
    _address(
        "address_of_the_machine_itself", "Status is offered at the loopback address.", "http://127.0.0.1:8080/crl"
    ),
    _address("address_of_the_cloud", "Status is offered at the address of cloud metadata.", "http://169.254.169.254/"),
    _address("address_in_the_house", "Status is offered at a private address.", "http://10.0.0.5/crl"),
    _address("address_in_decimal", "Status is offered at a host written as one number.", "http://2130706433/crl"),
    _address("address_of_a_file", "Status is offered as a file of the machine.", "file:///etc/passwd"),
    _address(
        "address_of_a_name", "Status is offered at a name that would have to be resolved.", "http://crl.example/crl"
    ),
)
