"""The auditor's desk: an index over the log that anybody with the openings can derive anew, and what is asked of it."""
