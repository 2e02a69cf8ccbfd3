"""Providers' wire formats; the table of them is in `table.py`."""
