"""Export all contacts of a search to files, however many there are and whatever fails in between."""
