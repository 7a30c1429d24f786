"""Health data: readings in medical range, FHIR resources and HL7 messages.

Source: HL7 FHIR R5 (`resourceType`), HL7 v2 (`MSH` segment).
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.readings import Range, readings
from iotaudit.detect.values import is_filler, kind_of, seen
from iotaudit.model.exposures import Confidence

ID = "health.data"
PULSE = KeySet(
    "heart rate, heartrate, pulse rate, =bpm, herzfrequenz, 心率",
)
OXYGEN = KeySet(
    "spo2, =spo, blood oxygen, oxygen saturation",
)
SUGAR = KeySet("glucose", "blood sugar", "blutzucker")
PRESSURE = KeySet("systolic", "diastolic", "blood pressure")
BODY = KeySet(
    "body temperature, body temp, respiration rate, breath rate",
)
PATIENT = KeySet("patient", "patient id", "patient name")
KEYS = PULSE | OXYGEN | SUGAR | PRESSURE | BODY | PATIENT
WANTS = Wants(keys=KEYS, record_keys=KeySet("=resource type"), shapes=frozenset({"fhir"}))
reasoning = (
    "A number in medical range under its name, a patient's identifier, a FHIR resource or an "
    "HL7 message."
)
RANGES = (
    Range("pulse", PULSE, 20, 250),
    Range("blood oxygen", OXYGEN, 50, 100),
    Range("blood sugar", SUGAR, 1, 700),
    Range("blood pressure", PRESSURE, 30, 280),
    Range("temperature or breath of a body", BODY, 4, 115),
)
RESOURCES = frozenset(
    [
        "Patient",
        "Observation",
        "Condition",
        "MedicationRequest",
        "MedicationStatement",
        "MedicationAdministration",
        "DiagnosticReport",
        "Encounter",
        "Immunization",
        "AllergyIntolerance",
        "Procedure",
        "CarePlan",
        "FamilyMemberHistory",
        "ClinicalImpression",
        "Appointment",
        "RelatedPerson",
        "RiskAssessment",
        "NutritionOrder",
        "VisionPrescription",
    ]
)
_HL7 = re.compile(r"MSH\|\^~\\&\|(?:[^|\r\n]{0,256}\|){6}[A-Z0-9]{3}(?:\^[A-Z0-9]{3})?(?:\^[A-Z0-9_]{3,7})?\|")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives readings of a body, and records about patients."""
    if node.kind is Kind.RECORD:
        kind = node.value.get("resourceType") if isinstance(node.value, dict) else None
        if isinstance(kind, str) and kind in RESOURCES:
            yield kind_of(
                ID, f"FHIR {kind}", Confidence.DETECTED, "a FHIR resource about a patient"
            )
        return
    yield from readings(ID, node, RANGES)
    if (
        node.kind is Kind.TEXT
        and node.key in PATIENT
        and len(node.text) > 3
        and not is_filler(node.text)
    ):
        yield seen(ID, node.text[:128], Confidence.DETECTED, "a value under a name for a patient")
    if node.kind is Kind.TEXT and _HL7.search(node.text):
        yield kind_of(ID, "HL7 message", Confidence.DETECTED, "the header of an HL7 message")
