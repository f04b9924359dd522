"""The names of most people in the demo's company, and their browsers."""

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)

CROWD = (
    ("Amina", "Diallo", "Finance"),
    ("Bruno", "Keller", "Engineering"),
    ("Chiara", "Greco", "Field service"),
    ("Daniel", "Ortega", "Sales"),
    ("Eva", "Horvat", "Finance"),
    ("Filip", "Svensson", "Engineering"),
    ("Gwen", "Davies", "Field service"),
    ("Hana", "Suzuki", "Engineering"),
    ("Ivan", "Petrov", "Sales"),
    ("Julie", "Laurent", "Finance"),
    ("Karim", "Benali", "Engineering"),
    ("Lucia", "Moreno", "Sales"),
    ("Mateus", "Silva", "Field service"),
    ("Nora", "Haugen", "Engineering"),
    ("Oskar", "Lehmann", "Finance"),
    ("Priya", "Raman", "Engineering"),
    ("Quentin", "Dubois", "Sales"),
    ("Rosa", "Almeida", "Field service"),
    ("Stefan", "Bauer", "Engineering"),
    ("Tomasz", "Wrona", "Finance"),
    ("Uma", "Iyer", "Sales"),
    ("Viktor", "Nagy", "Engineering"),
    ("Wanda", "Zielinska", "Field service"),
    ("Xavier", "Roig", "Sales"),
    ("Yara", "Mansour", "Finance"),
    ("Zoran", "Babic", "Engineering"),
    ("Alice", "Turner", "Field service"),
    ("Boris", "Vogel", "Sales"),
)
