"""What a team has told SDV about its table is taken over, and given back."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import tiny_table
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.cleaning import clean
from riskgen.data.schema import Schema
from riskgen.data.sdv.described import hints_of, infer_described, polars_form, sdv_form
from riskgen.data.sdv.export import to_metadata
from riskgen.data.sdv.metadata import read_metadata
from riskgen.data.sdv.tables import Described
from riskgen.data.toybank import simulate_bank
from riskgen.errors import RiskgenError, SchemaError


def bank() -> pl.DataFrame:
    """The tiny bank with keys, codes and a person in it."""
    table = tiny_table()
    n, rng = table.height, np.random.default_rng(0)
    return table.with_columns(
        entry=pl.int_range(n) * 7 + 13,
        country=pl.Series(rng.choice(["DE", "FR", "IT"], n)),
        code=pl.Series(rng.integers(100, 900, n)),
        rating=pl.Series(rng.integers(1, 6, n)),
        contact=pl.format("p{}@bank.example", pl.int_range(n) % 90),
    )


COLUMNS: dict[str, dict[str, Any]] = {
    "customer": {"sdtype": "id", "regex_format": "c[0-9]{4}"},
    "when": {"sdtype": "datetime"},
    "amount": {"sdtype": "numerical"},
    "category": {"sdtype": "categorical"},
    "country": {"sdtype": "country_code", "pii": False},
    "fraud": {"sdtype": "categorical"},
    "entry": {"sdtype": "id"},
    "code": {"sdtype": "categorical"},
    "rating": {"sdtype": "numerical"},
    "contact": {"sdtype": "email", "pii": True},
}
KEYS = {"sequence_key": "customer", "sequence_index": "when", "primary_key": "entry"}


def metadata(columns: dict[str, dict[str, Any]] = COLUMNS, **keys: Any) -> dict[str, Any]:
    table = {"columns": columns, **(keys or KEYS)}
    return {"tables": {"bank": table}, "relationships": [], "METADATA_SPEC_VERSION": "V2"}


def described(tmp_path: Path, document: object, columns: list[str] | None = None) -> Described:
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_metadata(path, columns=columns or [])


def proposed(tmp_path: Path, document: object | None = None, **asked: Any) -> Schema:
    return infer_described(bank(), described(tmp_path, document or metadata()), **asked)


def test_reading_and_writing_need_no_sdv(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps(metadata()), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from riskgen.data.sdv.metadata import read_metadata\n"
        "import riskgen.data.sdv.described, riskgen.data.sdv.export\n"
        "read_metadata(Path(sys.argv[1]))\n"
        "sys.exit('sdv' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_keys_kinds_and_persons_are_what_the_team_says(tmp_path: Path) -> None:
    schema = proposed(tmp_path)
    assert (schema.entity, schema.time, schema.label) == ("customer", "when", "fraud")
    assert schema.channel("entry").role == "row_id"
    assert schema.channel("contact").role == "dropped"
    assert schema.channel("contact").personal == "e-mail"
    for name in ("customer", "when", "code", "rating", "contact", "entry"):
        assert "SDV metadata says so" in schema.channel(name).reason


def test_a_kind_that_the_team_names_goes_before_the_guess(tmp_path: Path) -> None:
    unsaid = {**COLUMNS, "rating": {"sdtype": "unknown", "pii": False}}
    assert proposed(tmp_path, metadata(unsaid, **KEYS)).channel("rating").kind == "category"
    assert proposed(tmp_path).channel("rating").kind == "number"


def test_a_code_of_800_numbers_is_a_category_only_by_the_teams_word(tmp_path: Path) -> None:
    table = bank().rename({"code": "score"})
    columns = {("score" if n == "code" else n): c for n, c in COLUMNS.items()}
    told = infer_described(table, described(tmp_path, metadata(columns, **KEYS)))
    columns["score"] = {"sdtype": "unknown", "pii": False}
    guessed = infer_described(table, described(tmp_path, metadata(columns, **KEYS)))
    assert (told.channel("score").kind, guessed.channel("score").kind) == ("category", "number")


def test_what_the_user_names_goes_before_the_description(tmp_path: Path) -> None:
    schema = proposed(tmp_path, entity="category", keep=["contact"], drop=["rating"])
    assert schema.entity == "category"
    assert schema.channel("contact").role == "channel"
    assert schema.channel("contact").personal == "e-mail"
    assert schema.channel("rating").reason == "you asked to leave it out"


def test_any_column_called_pii_is_left_out_and_pii_false_is_not(tmp_path: Path) -> None:
    columns = {**COLUMNS, "category": {"sdtype": "job", "pii": True}}
    schema = proposed(tmp_path, metadata(columns, **KEYS))
    assert (schema.channel("category").role, schema.channel("category").personal) == (
        *("dropped", "job"),
    )
    assert schema.channel("country").role == "channel"


def test_columns_that_the_metadata_do_not_name_say_so(tmp_path: Path) -> None:
    columns = {name: c for name, c in COLUMNS.items() if name != "code"}
    reason = proposed(tmp_path, metadata(columns, **KEYS)).channel("code").reason
    assert reason.endswith("SDV metadata do not name it")


def test_a_column_that_the_table_lacks_names_the_nearest(tmp_path: Path) -> None:
    columns = {**COLUMNS, "amuont": {"sdtype": "numerical"}}
    with pytest.raises(SchemaError, match=r"do not fit the table.*'amuont'\. Known: 'amount'"):
        proposed(tmp_path, metadata(columns, **KEYS))


def test_text_is_no_number_and_five_values_are_no_truth(tmp_path: Path) -> None:
    for name, sdtype in (("category", "numerical"), ("rating", "boolean")):
        columns = {**COLUMNS, name: {"sdtype": sdtype}}
        with pytest.raises(SchemaError, match=f"'{name}' {sdtype}"):
            proposed(tmp_path, metadata(columns, **KEYS))


def test_a_primary_key_that_repeats_is_refused(tmp_path: Path) -> None:
    columns = {**COLUMNS, "rating": {"sdtype": "id"}}
    with pytest.raises(SchemaError, match=r"'rating' the primary key.*sequence_key"):
        proposed(tmp_path, metadata(columns, **{**KEYS, "primary_key": "rating"}))


FORMS = ["%d/%m/%Y %H:%M", "%m-%d-%y %I:%M %p", "%Y%m%d%H%M%S", "%d %b %Y %H:%M:%S.%f"]


@pytest.mark.parametrize("form", FORMS)
def test_dates_are_read_in_the_format_that_the_team_gives(tmp_path: Path, form: str) -> None:
    columns = {**COLUMNS, "when": {"sdtype": "datetime", "datetime_format": form}}
    texts = [moment.strftime(form) for moment in bank()["when"]]
    table = bank().with_columns(when=pl.Series(texts))
    schema = infer_described(table, described(tmp_path, metadata(columns, **KEYS)))
    events = clean(table, schema)[0]
    again = sorted(moment.strftime(form) for moment in events.frame["when"])
    assert again == sorted(texts)
    written = to_metadata(schema)["tables"]["transactions"]["columns"]["when"]
    assert written == {"sdtype": "datetime", "datetime_format": form}


def test_a_format_that_does_not_fit_is_refused_with_a_count(tmp_path: Path) -> None:
    columns = {**COLUMNS, "when": {"sdtype": "datetime", "datetime_format": "%m/%d/%Y"}}
    table = bank().with_columns(pl.col("when").dt.strftime("%d/%m/%Y"))
    with pytest.raises(SchemaError, match=r"'when' the datetime_format.*do not fit it \(first"):
        infer_described(table, described(tmp_path, metadata(columns, **KEYS)))


@given(st.lists(st.sampled_from(["%Y", "%m", "%d", "%H", "%M", "%S", "%b", "%j"]), max_size=6))
def test_a_pattern_survives_the_way_to_polars_and_back(parts: list[str]) -> None:
    for pattern in ("-".join(parts), " ".join([*parts, "%S.%f"])):
        assert sdv_form(polars_form(pattern)) == pattern


def test_a_file_of_one_table_without_a_name_is_read(tmp_path: Path) -> None:
    single = {"columns": COLUMNS, **KEYS, "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1"}
    assert described(tmp_path, single).columns == described(tmp_path, metadata()).columns


def test_of_several_tables_the_one_that_fits_is_taken_with_its_joined_parent(
    tmp_path: Path,
) -> None:
    document = metadata(COLUMNS, sequence_index="when")
    people = {"ref": {"sdtype": "id"}, "segment": {"sdtype": "categorical"}}
    people["country"] = {"sdtype": "country", "pii": True}
    parent = {"columns": people, "primary_key": "ref"}
    # A trade of its own says nothing of who owns the payments.
    shops = {"columns": {"shop": {"sdtype": "id"}, "category": {"sdtype": "categorical"}}}
    document["tables"] |= {"people": parent, "shops": {**shops, "primary_key": "shop"}}
    document["relationships"] = [
        {
            **{"parent_table_name": table, "child_table_name": "bank"},
            **{"parent_primary_key": key, "child_foreign_key": own},
        }
        for table, key, own in (("people", "ref", "customer"), ("shops", "shop", "code"))
    ]
    alone = described(tmp_path, document, bank().columns)
    joined = described(tmp_path, document, [*bank().columns, "segment", "country_context"])
    assert (alone.table, alone.sequence_key, "segment" in alone.columns) == ("bank", None, False)
    assert (joined.table, joined.sequence_key) == ("bank", "customer")
    assert [*joined.columns][-2:] == ["segment", "country_context"]
    assert hints_of(joined).personal == {"contact": "e-mail", "country_context": "country"}
    with pytest.raises(SchemaError, match="'bank', 'people', 'shops'; 0 of them fit"):
        described(tmp_path, document, ["nothing"])
    with pytest.raises(SchemaError, match=r"no table 'banc'\. Known: 'bank'"):
        read_metadata(tmp_path / "metadata.json", "banc")


FAULTS: list[tuple[object, str]] = [
    ([], "not an object"),
    ({}, "neither 'tables' nor 'columns'"),
    ({"fields": {}}, "older than SDV 1.0"),
    ({"tables": {}}, "describes no table"),
    ({"tables": {"t": {"columns": {}}}}, "table 't' describes no column"),
    (metadata({"a": {}}, sequence_key="a"), "column 'a': 'sdtype' is missing"),
    (metadata({"a": {"sdtype": "categoricl"}}, x=1), r"no key 'x'"),
    (metadata({"a": {"sdtype": "categoricl"}}, sequence_key="a"), "Known: 'categorical'"),
    (metadata({"a": {"sdtype": "id", "regx": ""}}, sequence_key="a"), "'regx'. Known: 'regex_fo"),
    (metadata({"a": {"sdtype": "id", "pii": 1}}, sequence_key="a"), "neither true nor false"),
    (metadata({"a": {"sdtype": "datetime", "datetime_format": 3}}, sequence_key="a"), "no text"),
    (metadata({"a": {"sdtype": "id"}}, sequence_key="b"), "sequence_key: There is no column 'b'"),
    (metadata({"a": {"sdtype": "id"}}, sequence_key=["a", "a"]), "names 2 columns"),
    ({**metadata(), "METADATA_SPEC_VERSION": "V9"}, "none of V1, V2"),
    ({**metadata(), "relationships": {}}, "not a list"),
    ({**metadata(), "relationships": [{"child_table_name": "x"}]}, "no table 'x'"),
    ({**metadata(), "tabels": {}}, "'tabels'. Known: 'tables'"),
]


@pytest.mark.parametrize(("document", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_a_fault_is_said_with_its_place(tmp_path: Path, document: object, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        described(tmp_path, document)


def test_a_file_that_is_no_json_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    for text in ("{", "[" * 200_000, "\udcff".encode("utf-8", "surrogateescape").decode("latin1")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SchemaError, match="not valid JSON"):
            read_metadata(path)
    with pytest.raises(SchemaError, match="could not be read"):
        read_metadata(tmp_path / "none.json")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["id", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["tables", "columns", "relationships", "a", "sdtype", "pii", "sequence_key"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(ANY_JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_description_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, document: object
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        hints_of(described(folder, document))
    except RiskgenError as error:
        said = str(error)
    else:
        said = "."
    assert said.endswith(".")


def sdv_metadata() -> Any:
    with warnings.catch_warnings():
        # Libraries that sdv imports warn of each other's coming changes.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        from sdv.metadata import Metadata
    return Metadata


def sdtypes(document: dict[str, Any]) -> dict[str, str]:
    (table,) = document["tables"].values()
    return {name: column["sdtype"] for name, column in table["columns"].items()}


def keys(document: dict[str, Any]) -> dict[str, str]:
    (table,) = document["tables"].values()
    return {key: value for key, value in table.items() if key in KEYS}


def test_sdv_accepts_what_is_written_and_a_round_trip_keeps_keys_and_sdtypes(
    tmp_path: Path,
) -> None:
    given_by = described(tmp_path, metadata())
    schema = infer_described(bank(), given_by)
    for document in (to_metadata(schema, described=given_by), to_metadata(schema)):
        loaded = sdv_metadata().load_from_dict(json.loads(json.dumps(document)))
        loaded.validate()
        loaded.validate_table(bank().to_pandas(), "transactions")
        assert keys(loaded.to_dict()) == KEYS
    own = {name: column["sdtype"] for name, column in COLUMNS.items()}
    assert sdtypes(to_metadata(schema, described=given_by)) == own
    # A country is a category: without the team's file, its own word for it is not known.
    assert sdtypes(to_metadata(schema)) == {**own, "country": "categorical"}


def test_what_sdv_detects_and_saves_reads_back_and_gives_a_schema(tmp_path: Path) -> None:
    table = simulate_bank(n_customers=60, days=60, seed=1)
    found = sdv_metadata().detect_from_dataframes({"bank": table.to_pandas()})
    found.set_sequence_key("customer_id")
    found.set_sequence_index("timestamp")
    found.save_to_json(tmp_path / "saved.json")
    detected = read_metadata(tmp_path / "saved.json")
    schema = infer_described(table, detected)
    assert (schema.entity, schema.time, schema.label) == ("customer_id", "timestamp", "is_fraud")
    written = to_metadata(schema, described=detected)
    sdv_metadata().load_from_dict(written).validate()
    assert sdtypes(written) == sdtypes(found.to_dict())
    assert keys(written) == {"sequence_key": "customer_id", "sequence_index": "timestamp"}


def test_no_value_of_the_table_is_written(tmp_path: Path) -> None:
    columns = {**COLUMNS, "amount": {"sdtype": "numerical", "range_max": 98_765.43}}
    columns["category"] = {"sdtype": "categorical", "range_values": ["PLANTED"]}
    read = described(tmp_path, metadata(columns, **KEYS))
    text = json.dumps(to_metadata(infer_described(bank(), read), described=read)) + repr(read)
    assert "98765" not in text
    assert "PLANTED" not in text


def test_a_price_table_is_written_without_a_sequence(tmp_path: Path) -> None:
    from riskgen.data.inference.inference import infer_schema
    from riskgen.data.market.sp500 import sp500_prices

    document = to_metadata(infer_schema(sp500_prices()), table="prices")
    sdv_metadata().load_from_dict(document).validate()
    assert keys(document) == {}
