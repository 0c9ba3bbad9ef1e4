"""Who opened, who clicked: a person, or a machine that opens everything (mail proxies, scanners of links).

Nothing is thrown away: what looks like a machine is counted apart, with what gave it away.
Source: vendors' notes on Apple Mail Privacy Protection, Gmail and Yahoo image proxies, and link scanners.
"""

from datetime import datetime, timedelta

# Part of the name that a program gives itself, and what staff read.
AGENTS = {
    "googleimageproxy": "relais d'images de Gmail",
    "ggpht.com": "relais d'images de Gmail",
    "yahoomailproxy": "relais d'images de Yahoo",
    "proofpoint": "analyse de liens (Proofpoint)",
    "barracuda": "analyse de liens (Barracuda)",
    "mimecast": "analyse de liens (Mimecast)",
    "safelinks": "analyse de liens (Microsoft)",
    "bingpreview": "analyse de liens (Microsoft)",
    "skypeuripreview": "aperçu de lien",
    "slackbot": "aperçu de lien",
    "facebookexternalhit": "aperçu de lien",
    "bot": "robot",
    "crawler": "robot",
    "spider": "robot",
    "curl/": "programme",
    "wget/": "programme",
    "python-": "programme",
    "go-http-client": "programme",
}
# Apple's proxy fetches pictures under this bare name, whoever reads.
APPLE = "mozilla/5.0"
TOO_SOON = timedelta(seconds=10)
BURST, BURST_LINKS = timedelta(seconds=2), 3


def reason_for(agent: str, *, method: str = "GET") -> str:
    """What shows that a machine is behind a request; "" for what looks like a person."""
    if method == "HEAD":
        return "demande sans contenu (HEAD)"
    said = agent.strip().lower()
    if not said:
        return "programme sans nom"
    if said == APPLE:
        return "protection de la vie privée d'Apple Mail"
    return next((reason for part, reason in AGENTS.items() if part in said), "")


def reason_for_click(sent_at: datetime | None, at: datetime, others: list[tuple[datetime, str]], url: str) -> str:
    """What its moment shows of a click; others: earlier clicks in the same message, with their links."""
    if sent_at is not None and at - sent_at < TOO_SOON:
        return "clic quelques secondes après l'envoi"
    near = {link for moment, link in others if abs(at - moment) <= BURST} | {url}
    return "plusieurs liens du même message à la fois" if len(near) >= BURST_LINKS else ""
