"""Who may open which page: the gate, the access rules and the cookies."""
