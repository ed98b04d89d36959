"""What has to pass: every way in which honest parties write, sign and keep documents."""
