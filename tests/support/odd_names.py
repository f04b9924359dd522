"""Names of sites and people at which programs stumble that read what a QR code says."""

SITES = (
    "Second Gate",
    "Firma: Intern",
    "Caf\u00e9 \u00d6l & S\u00f8n",
    "100% Zeker",
    "A+B = C?",
    "Huis #3/4 \\ 5",
    "'t Hoekje \u201cNoord\u201d",
    "\U0001f512 Kluis \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0634\u0631\u0643\u0629 \u05d7\u05d1\u05e8\u05d4",
    "\u682a\u5f0f\u4f1a\u793e\u4f8b",
    "De Vereniging van Eigenaren van het Appartementengebouw aan de Prinsengracht te Amsterdam",
)
PEOPLE = (
    "anna@firma.nl",
    "anna.maria+werk@firma.nl",
    "o'brien@example.ie",
    "j\u00fcrgen@b\u00fccher.example",
    "\u30e6\u30fc\u30b6@\u4f8b.jp",
    "\u05d0\u05dc\u05d9\u05e1@example.com",
    "\U0001f600@example.com",
    "a&secret=AAAA&issuer=Evil@example.com",
    "50%25#?=~*!@example.com",
    "a:b@example.com",
    "anna maria@firma.nl",
    f"{'a' * 64}@{'b' * 60}.example.com",
)
# Each odd site with a plain person, each odd person at a plain site, and the oddest of both together.
PAIRS = (
    *((site, PEOPLE[0]) for site in SITES),
    *((SITES[0], person) for person in PEOPLE[1:]),
    *zip(SITES[2:], PEOPLE[3:], strict=False),
)
