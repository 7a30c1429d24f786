"""Regions in host names: only under the provider's own domain, only for the provider's own network."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.locate import region_name
from iotaudit.locate.region_name import region_of
from iotaudit.packs.knowledge import load_knowledge

REGIONS = load_knowledge().regions
FRANKFURT = "18.184.7.9"
"""An address of Amazon's network (AS16509), which the providers' lists give for eu-central-1."""
HETZNER = "78.46.7.9"


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("abc123.iot.eu-central-1.amazonaws.com", "eu-central-1"),
        ("bucket.s3.eu-west-3.amazonaws.com", "eu-west-3"),
        ("bucket.s3-us-west-2.amazonaws.com", "us-west-2"),
        ("name-17.eu-north-1.elb.amazonaws.com", "eu-north-1"),
        ("ec2-1-2-3-4.eu-south-2.compute.amazonaws.com", "eu-south-2"),
        ("robot.westeurope.cloudapp.azure.com", "westeurope"),
        ("app-8f.germanywestcentral-01.azurewebsites.net", "germanywestcentral"),
        ("storage.europe-west3.rep.googleapis.com", "europe-west3"),
        ("objectstorage.eu-frankfurt-1.oraclecloud.com", "eu-frankfurt-1"),
        ("bucket.oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        ("BUCKET.OSS-EU-CENTRAL-1.ALIYUNCS.COM.", "eu-central-1"),
        ("bucket.fsn1.your-objectstorage.com", "fsn1"),
        ("ec2-3-80-1-2.compute-1.amazonaws.com", "compute-1"),
        ("bucket.eu-central-1.linodeobjects.com", "eu-central-1"),
        ("bucket.ams1.vultrobjects.com", "ams1"),
        ("bucket.s3.eu-de.cloud-object-storage.appdomain.cloud", "eu-de"),
        ("bucket.bj.bcebos.com", "bj"),
        ("bucket.ks3-cn-beijing.ksyuncs.com", "cn-beijing"),
        ("bucket.sos-de-fra-1.exo.io", "de-fra-1"),
        ("obs.sa-brazil-1.myhuaweicloud.com", "sa-brazil-1"),
        ("bucket.s3.eu-west-par.io.cloud.ovh.net", "eu-west-par"),
        ("a.iot.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bucket.s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("obs.cn-north-4.myhuaweicloud.com", "cn-north-4"),
        ("obs.eu-west-101.myhuaweicloud.eu", "eu-west-101"),
        ("bucket.cos.eu-frankfurt.myqcloud.com", "eu-frankfurt"),
        ("bucket.cos.ap-guangzhou.tencentcos.cn", "ap-guangzhou"),
    ],
)
def test_region_is_read_where_the_provider_writes_it(name: Any, region: Any) -> None:
    found = region_of(name, REGIONS)
    assert found is not None
    assert found[1] == region


@pytest.mark.parametrize(
    "name",
    [
        "eu-central-1.evil.example",
        "iot.eu-central-1.amazonaws.com.evil.example",
        "eu-central-1amazonaws.com",
        "eu-central-1.s3.amazonaws.com",  # a bucket of that name
        "eu-central-1.cloudfront.net",
        "eu.moppel.example",
        "westeurope.azurewebsites.net.example",
        "westeurope.azurewebsites.net",  # an application of that name
        "westeurope-01.azurewebsites.net",
        "s3.amazonaws.com",
        "amazonaws.com",
        "eu-central-9.amazonaws.com",
        "",
        ".",
    ],
)
def test_region_is_not_read_elsewhere(name: Any) -> None:
    assert region_of(name, REGIONS) is None


@given(st.text(alphabet=st.sampled_from("aeus-.1\0é"), max_size=40))
def test_any_text_gives_a_region_or_none(text: Any) -> None:
    found = region_of(f"{text}.example", REGIONS)
    assert found is None


def test_pass_name_bound_by_dns_is_independent_evidence(seed: Any, knowledge: Any, settings: Any) -> None:
    found = region_name.evidence(
        seed(FRANKFURT, "a.iot.eu-central-1.amazonaws.com", ("sni", "dns")), knowledge, settings
    )
    assert [(e.kind, e.country, e.packet) for e in found] == [("region", "DE", 2)]


def test_fail_region_of_another_operator_says_nothing(seed: Any, knowledge: Any, settings: Any) -> None:
    spoofed = seed(HETZNER, "a.iot.us-east-1.amazonaws.com", ("sni", "dns"))
    assert region_name.evidence(spoofed, knowledge, settings) == ()


def test_inconclusive_name_that_only_the_device_wrote_is_no_independent_evidence(
    seed: Any, knowledge: Any, settings: Any
) -> None:
    found = region_name.evidence(
        seed(FRANKFURT, "a.iot.eu-central-1.amazonaws.com"), knowledge, settings
    )
    assert [(e.kind, e.country) for e in found] == [("name", "DE")]
    aliased = seed(
        FRANKFURT, "m.moppel.example", ("dns",), aliases=("x.eu-west-1.elb.amazonaws.com",)
    )
    assert [(e.kind, e.country) for e in region_name.evidence(aliased, knowledge, settings)] == [
        ("name", "IE")
    ]


def test_outer_name_of_an_encrypted_hello_gives_no_region(seed: Any, knowledge: Any, settings: Any) -> None:
    outer = seed(FRANKFURT, "a.iot.eu-central-1.amazonaws.com", ("ech_outer",), outer_name=True)
    assert region_name.evidence(outer, knowledge, settings) == ()


def test_region_in_the_chain_of_a_dns_answer_is_bound_to_the_address(seed: Any, knowledge: Any, settings: Any) -> None:
    edge = "fw.eu-central-1.elb.amazonaws.com"
    chained = seed(FRANKFURT, "fw.moppel.example", ("dns",), aliases=(edge,), dns_aliases=(edge,))
    assert [(e.kind, e.country) for e in region_name.evidence(chained, knowledge, settings)] == [("region", "DE")]


def test_region_in_reverse_dns_is_told_as_such_and_is_no_independent_evidence(
    seed: Any, knowledge: Any, settings: Any
) -> None:
    name = "ec2-18-184-7-9.eu-central-1.compute.amazonaws.com"
    asked = seed(FRANKFURT, None, aliases=(name,), reverse_aliases=(name,))
    (found,) = region_name.evidence(asked, knowledge, settings)
    assert (found.kind, found.country) == ("name", "DE")
    assert "in reverse DNS" in found.detail
