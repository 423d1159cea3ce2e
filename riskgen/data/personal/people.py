"""Names of people, told by the column's name or by given names in its values.

Sees samples; never repeats a value.
"""

from __future__ import annotations

import re

from riskgen.data.inference.words import has_word
from riskgen.data.personal.sample import Sample

_NAME_WORDS = frozenset(
    {"name", "firstname", "lastname", "surname", "forename", "fullname", "vorname", "nachname"}
    | {"holder", "cardholder", "inhaber", "nom", "prenom", "apellido", "apellidos", "nombre"}
    | {"cognome", "nazwisko", "imie", "naam", "achternaam", "voornaam", "jmeno", "prijmeni"}
)
_THING_WORDS = frozenset(
    {"merchant", "terminal", "shop", "store", "product", "category", "bank", "branch", "file"}
    | {"type", "channel", "country", "city", "device", "scheme", "currency", "instrument"}
    | {"scenario", "event", "table", "plan", "region", "segment", "campaign", "status"}
)
_PARTY_WORDS = frozenset(
    {"payee", "beneficiary", "counterparty", "creditor", "debtor", "recipient", "receiver"}
    | {"sender", "remitter", "payer", "owner", "customer", "client", "employee", "contact"}
    | {"person", "user", "empfaenger", "auftraggeber", "kunde", "partner", "originator"}
)
_NAME = re.compile(r"[^\W\d_][^\d_@]{0,60}")
# Two to four words of letters, each with a capital; particles may be small.
_FULL_NAME = re.compile(
    r"[^\W\d_a-z][^\W\d_.'’-]*([ -]|, )((van|von|de|da|di|der|den|del|la|zu|bin|al) )*"
    r"[^\W\d_a-z][\w.'’-]*( [^\W\d_a-z][\w.'’-]*){0,2}"
)
_FIRMS = re.compile(
    r"\b(gmbh|ag|kg|ohg|ug|ev|ltd|limited|plc|inc|llc|llp|corp|co|company|sa|sas|sarl|srl|spa|bv|nv"
    r"|ab|oy|as|aps|sro|zoo|bank|insurance|versicherung|group|store|shop|market|hotel|club|city"
    r"|restaurant|cafe|pharmacy|school|university|services?|stadtwerke|versorgung)\b",
    re.IGNORECASE,
)
# Share of a party column's values that must be full names, and share of any
# column's values that must contain a common given name [J].
_FULL, _GIVEN = 0.6, 0.25
# Common given names of the birth statistics of the US (SSA), Germany (GfdS), France
# (INSEE), Spain (INE), Italy (ISTAT), Poland, the Netherlands, Sweden and India; our
# choice. About a third of the people of these countries bear one of them [J].
_GIVEN_NAMES = frozenset(
    """
    adam ada agnieszka ahmed aisha alejandro alessandro alexander ali alice amit amy ana anders
    andrea andreas andrew andrzej angela anita anja ann anna anne annika anthony antonio anton
    arjun arthur astrid barbara bart ben benjamin bernd birgit brian camille carl carla carlos
    carmen carol carolina caroline catherine cecilia charles chloe christian christina christine
    christopher claire clara claudia cristina daniel daniela david deborah deepak dennis diana
    dieter dominik donald dorothy edward elena elisabeth elizabeth ella emily emma eric erik ernst
    eva ewa fatima felix fernando filip florian francesca francesco francisco frank franziska
    friedrich gabriel george gerhard giulia giuseppe grace greta gunter hannah hans heather heidi
    heike heinrich helen helena helga henrik hugo ian ines ingrid irene isabel isabella jack jacob
    jakub james jan jane jason javier jean jennifer jens jessica joao joanna johan johann johannes
    john jonas jonathan jorge jose josef joseph joshua juan julia julian julie jurgen justin karen
    karin karl katarzyna katharina kathleen kathrin kenneth kevin klaus krzysztof lars laura lauren
    lea lena leon leonie linda lisa lorenzo louis louise luca lucas lucia lucie luis luisa lukas
    magdalena manfred manuel marcin marco maria mariana marie mario mark markus marta martin mary
    matteo matthew matthias max maximilian megan melissa mia michael michal michel michelle miguel
    mohamed mohammed monika muhammad nadia nancy natalia nicholas nicolas nicole nina noah olga
    oliver olivia omar oskar pablo pamela patricia patrick paul paula pawel pedro peter petra philip
    philipp pierre piotr priya rachel rahul raj ralf ravi rebecca renate richard robert roberto
    ronald rosa ruth ryan sabine sam samantha samuel sandra sanjay sara sarah scott sebastian sergio
    sharon silvia simon simone sofia sofie sophia sophie stefan stefanie stephanie stephen steven
    sunita susan susanne sven sylvia teresa theresa thomas tim timothy tobias tom tomasz ulrich
    ursula ute valentina vera victor victoria vijay vikram vincent walter werner william wolfgang
    yasmin yusuf zofia
    """.split()
)
_LETTERS = re.compile(r"[^\W\d_]+")


def is_person_column(sample: Sample) -> bool:
    """Whether a text column holds names of people."""
    if has_word(sample.name, _NAME_WORDS) and not has_word(sample.name, _THING_WORDS):
        return sample.most(_is_name, 0.8)
    if has_word(sample.name, _PARTY_WORDS) and sample.most(_is_full_name, _FULL, fewest=20):
        return True
    # A column about things may be named after people: Ben & Jerry's, Hotel Victoria.
    share = 0.5 if has_word(sample.name, _THING_WORDS) else _GIVEN
    return sample.most(_has_given_name, share, fewest=20)


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and 1 <= len(text.split()) <= 5 and not text.islower()


def _is_full_name(text: str) -> bool:
    return bool(_FULL_NAME.fullmatch(text)) and not _FIRMS.search(text)


def _has_given_name(text: str) -> bool:
    found = _LETTERS.findall(text.lower())
    return 1 <= len(found) <= 5 and not _GIVEN_NAMES.isdisjoint(found) and not _FIRMS.search(text)
