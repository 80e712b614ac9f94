"""Edit lists, chapters and playlists: what was found, in the forms that other systems read. Pure: no I/O."""
