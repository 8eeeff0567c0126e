"""The rules: finding a city's parties, hosting them, joining and leaving them."""
