"""What has to be refused."""
