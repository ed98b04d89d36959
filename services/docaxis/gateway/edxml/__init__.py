"""edXML at the gateway: packets in, by the same rules as every submission, and deliveries out as packets."""
