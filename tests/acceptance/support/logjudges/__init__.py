"""Programs that nobody here wrote judge a log and tampered copies of it."""
