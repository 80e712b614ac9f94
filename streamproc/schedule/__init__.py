"""The printed schedule: XMLTV listings, from a file or an address."""
