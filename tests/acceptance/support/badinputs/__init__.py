"""What the tests of bad input share: the table of cases, a running axis, forged files, and eyes outside."""
