"""The detector `geo.gps`: true hits, near misses, and what cannot be decided."""

from typing import Any

from tests.codec.media_bytes import jpeg, tiff

ID = "geo.gps"


def test_true_pair_of_names(lab: Any) -> None:
    assert lab.sure(ID, {"pos": {"latitude": 51.45561, "longitude": 7.01165}}) == ["detected"]


def test_true_form_and_geojson(lab: Any) -> None:
    assert (
        lab.values(ID, "lat=51.45561&lng=7.01165")
        == lab.values(ID, {"type": "Point", "coordinates": [7.01165, 51.45561]})
        == ["51.46,7.01"]
    )


def test_true_sentence_with_checksum_is_proven(lab: Any) -> None:
    assert lab.sure(ID, "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47") == [
        "proven"
    ]


def test_near_miss_wrong_checksum(lab: Any) -> None:
    assert lab.hits(ID, "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*48") == []


def test_near_miss_out_of_range_and_no_fix(lab: Any) -> None:
    assert lab.hits(ID, [{"lat": 151.45561, "lon": 7.01165}, {"lat": 0.0, "lon": 0.0}]) == []


def test_near_miss_pose_in_a_map(lab: Any) -> None:
    assert (
        lab.hits(ID, {"pose": {"x": 51.45561, "y": 7.01165}, "flat": 51.45561, "along": 7.01165})
        == []
    )


def test_undecidable_two_decimals_are_inferred(lab: Any) -> None:
    assert lab.sure(ID, {"lat": 51.46, "lon": 7.01}) == ["inferred"]


def test_true_position_of_geojson_and_of_lists_with_the_latitude_first(lab: Any) -> None:
    geojson = {"type": "Point", "coordinates": [7.01164, 51.45563]}
    assert lab.values(ID, geojson) == ["51.46,7.01"]
    assert lab.values(ID, {"type": "LineString", "coordinates": [[7.01164, 51.45563], [7.02164, 51.45563]]}) == [
        "51.46,7.01",
        "51.46,7.02",
    ]
    assert lab.values(ID, {"latlng": [51.45563, 7.01164]}) == ["51.46,7.01"]


def test_true_position_in_a_picture_is_proven_and_masked(lab: Any, write: Any) -> None:
    picture = jpeg(640, 480, tiff(("N", (51, 27, 2027), "E", (7, 0, 4190))))
    assert lab.sure(ID, picture) == ["proven"]
    assert lab.values(ID, picture) == ["51.46,7.01"]
    rows = [row for row in lab.detect(write(picture)).exposures if row.data_type == ID]
    assert [(row.confidence.value, row.count) for row in rows] == [("proven", 1)]
    assert "51.45" not in rows[0].masked_sample


def test_near_miss_picture_without_a_fix(lab: Any) -> None:
    assert lab.hits(ID, jpeg(640, 480, tiff())) == []
    assert lab.hits(ID, jpeg(640, 480, tiff(("N", (0, 0, 0), "E", (0, 0, 0))))) == []
