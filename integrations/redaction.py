"""Masks secrets and personal data in texts that leave the process: logs, error messages, stored vendor answers."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "•••"
SECRET_NAME = re.compile(r"(?i)(token|secret|password|passwd|authorization|api_?-?key|private_?key|cookie|credential)")

# Masking too much costs a little legibility, masking too little costs a secret: the patterns lean to the former.
# Every repetition is bounded, so that a hostile answer cannot make the search slow.
_SENSITIVE = r"(?:token|secret|password|passwd|passphrase|api[_-]?key|apikey|authorization|signature|private[_-]?key)"
_QUOTED = r"""(?:"(?:[^"\\]|\\.){0,4096}"|'(?:[^'\\]|\\.){0,4096}')"""
_BARE = r"""[^\s&,;)}\]"'<>]{1,4096}"""
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@\"'<>]{1,512}@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)\b(authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?)[^\r\n\"']{1,4096}"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic|dpop)(\s{1,4}|%20|\+)[\w.~+/=:%|-]{4,4096}"), rf"\1\2{MASK}"),
    # "access_token": "…" (JSON, also escaped inside a string, and Python reprs)
    (
        re.compile(rf"(?i)((?:\\?[\"'])[\w.-]{{0,40}}{_SENSITIVE}\\?[\"']\s{{0,4}}:\s{{0,4}}){_QUOTED}"),
        rf"\1{MASK}",
    ),
    (
        re.compile(rf"(?i)(\\\"[\w.-]{{0,40}}{_SENSITIVE}\\\"\s{{0,4}}:\s{{0,4}}\\\")[^\"\\]{{1,4096}}"),
        rf"\1{MASK}",
    ),
    # access_token=… in a query, a form or a sentence
    (re.compile(rf"(?i)((?<![a-z0-9])[\w.-]{{0,40}}{_SENSITIVE}=)(?:{_QUOTED}|{_BARE})"), rf"\1{MASK}"),
    # x-api-key: …  (a lone "token: expired" stays, it is prose)
    (
        re.compile(rf"(?i)((?<![a-z0-9])[\w.]{{1,40}}[_-]{_SENSITIVE}:\s{{0,4}})(?:{_QUOTED}|{_BARE})"),
        rf"\1{MASK}",
    ),
    # short parameter names are only dangerous inside a query string: "code": 190 is a diagnosis
    (
        # "q": what staff look for in a list is often the name of a guest.
        re.compile(r"(?i)([?&](?:q|key|code|sig|hmac|pwd|auth|code_verifier|appsecret_proof)=)[^\s&\"'<>#]{1,4096}"),
        rf"\1{MASK}",
    ),
    # services that do not sign call an address that is itself the secret
    (re.compile(r"(/webhooks/envois/[\w-]{1,50}/)[^/\s?\"']{8,512}"), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]{8,4096}\.[\w-]{8,4096}\.[\w-]{0,4096}"), MASK),
    # vendors' recognisable keys: SendGrid, Brevo, Google, Meta, Slack, Stripe, Standard Webhooks, GitHub, AWS, Telegram
    (
        re.compile(
            r"\b(?:SG\.[\w-]{10,100}\.[\w-]{10,100}|xkeysib-[\w-]{10,120}|AIza[\w-]{30,60}|ya29\.[\w.-]{10,2048}"
            r"|GOCSPX-[\w-]{10,60}|EAA[A-Za-z0-9]{20,512}|xox[abprs]-[\w-]{10,120}|[sr]k_(?:live|test)_\w{10,120}"
            r"|whsec_[\w+/=-]{10,120}|gh[pousr]_\w{20,255}|AKIA[0-9A-Z]{16})"
        ),
        MASK,
    ),
    (re.compile(r"(?<![0-9])[0-9]{6,12}:[\w-]{30,64}\b"), MASK),
    # e-mail addresses and telephone numbers, plain or percent-encoded
    (re.compile(r"(?<![\w.+-])[\w.+'-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), MASK),
    (re.compile(r"(?<![\w+])(?:\+|%2[Bb])[1-9](?:[ .()\u00a0\u202f-]{0,2}[0-9]){6,14}(?![0-9])"), MASK),
    (re.compile(r"(?<![\w-])00[1-9](?:[ .\u00a0\u202f-]?[0-9]){7,13}(?![\w-])"), MASK),
    (re.compile(r"(?<![\w-])0[1-9](?:[ .\u00a0\u202f-]?[0-9]{2}){4}(?![\w-])"), MASK),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with `secrets` (in every spelling an URL or JSON gives them) and secret-looking parts masked."""
    for secret in sorted(_spellings(secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def basic_credentials(user: str, password: str) -> str:
    """Return the base64 part of a Basic authorisation, so that it can be masked as well."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _spellings(secrets: Iterable[str]) -> set[str]:
    spellings: set[str] = set()
    for secret in secrets:
        if not secret:
            continue
        encoded = quote(secret, safe="", errors="replace")
        spellings |= {
            secret,
            encoded,
            quote(secret, errors="replace"),
            quote_plus(secret, errors="replace"),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        }
    return spellings


def secret_values(*carriers: object) -> set[str]:
    """Collect, from headers, query or body mappings, the values whose name says that they are secret."""
    found: set[str] = set()
    for carrier in carriers:
        if not isinstance(carrier, Mapping):
            continue
        for name, value in carrier.items():
            if isinstance(value, Mapping):
                found |= secret_values(value)
            elif isinstance(value, str) and len(value) >= 4 and SECRET_NAME.search(str(name)):
                # "Bearer abc" is echoed as "abc" by some vendors.
                found |= {value, value.rpartition(" ")[2]}
    return found
