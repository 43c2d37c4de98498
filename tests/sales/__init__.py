"""Public sales of whole rights: English, Dutch and sealed auctions, from the announcement to the register."""
