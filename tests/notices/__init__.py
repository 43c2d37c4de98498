"""Trading limits, insider lists and announcements."""
