"""capture/live."""
