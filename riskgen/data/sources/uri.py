"""What of a URI may be shown and written down, and what may not.

Knows words only. Everything that a user typed passes through :func:`public`
before it is printed, kept in a manifest or put into an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from riskgen.errors import DataError

# Two letters at least: C:/ is a drive. One slash is enough: a mistyped URI holds secrets too.
_URI = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):(/{1,3})(.*)$", re.DOTALL)
_PAIR = re.compile(r"(?i)\b(\w*(?:password|passwd|pwd|secret|token)\w*)\s*=\s*('[^']*'|\S+)")
# Parameters of libpq that say where, not with which secret; all others are left out.
_KEPT = frozenset(
    {"host", "hostaddr", "port", "dbname", "user", "service", "passfile", "options"}
    | {"sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "channel_binding"}
    | {"connect_timeout", "application_name", "target_session_attrs", "gssencmode", "krbsrvname"}
)
DATABASES = frozenset({"postgresql", "postgres"})
HIDDEN = "***"


def scheme_of(text: str) -> str | None:
    """Return what stands before ``:/`` in lower case; None for a path."""
    found = _URI.match(text)
    return found[1].lower() if found else None


def public(text: str) -> str:
    """Return ``text`` without passwords, tokens and signatures.

    Of a database URI only parameters that say where it is are kept; of any
    other URI no parameter is, since a signed link hides its secret there.
    """
    found = _URI.match(text)
    if found is None:
        return _PAIR.sub(rf"\1={HIDDEN}", text)
    user, place, parameters = _parts(found[3])
    name = re.split(r"[:/?#]", user)[0]
    kept = [p for p in parameters if _is_kept(p)] if found[1].lower() in DATABASES else []
    return (
        f"{found[1]}:{found[2]}{name}{'@' if user else ''}{place}{'?' if kept else ''}"
        + "&".join(kept)
    )


def secrets_in(text: str) -> list[str]:
    """Return every secret that ``text`` holds, as typed and as decoded."""
    found = _URI.match(text)
    if found is None:
        return [pair[1].strip("'") for pair in _PAIR.findall(text)]
    user, _, parameters = _parts(found[3])
    typed = [user.partition(":")[2], *(p.partition("=")[2] for p in parameters if not _is_kept(p))]
    return [form for secret in typed for form in {secret, unquote(secret)} if form]


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every secret hidden, longest first."""
    for secret in sorted({s for s in secrets if s}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def check_database_uri(text: str) -> None:
    """Refuse a URI whose password would be read as something else.

    Raises
    ------
    DataError
        When the part before the host holds characters that end it.
    """
    found = _URI.match(text)
    assert found is not None
    user = _parts(found[3])[0]
    if found[2] != "//" or found[3].count("@") > 1 or re.search(r"[/?#@\s]", user):
        raise DataError(
            f"The {found[1]} URI cannot be read: it must begin with '{found[1]}://', and in a user "
            "name or password @ / : ? # % and blanks are written %40 %2F %3A %3F %23 %25 %20. "
            "Better: leave the password out and use PGPASSWORD, ~/.pgpass or --password-file."
        )


def _parts(rest: str) -> tuple[str, str, list[str]]:
    """Return what stands before the last @, the place, and the parameters."""
    head, _, query = rest.partition("?")
    if "@" not in head and "@" in query and "=" not in query.partition("@")[0]:
        head, query = rest, ""  # an unescaped ? in a password
    user, _, place = head.rpartition("@")
    return user, place.partition("#")[0], [p for p in re.split("[&#]", query) if p]


def _is_kept(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.lower() in _KEPT and not _PAIR.search(unquote(value))
