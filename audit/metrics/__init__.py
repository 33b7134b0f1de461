"""What there is to scrape: Gatekeeper's series of an audit, and those that its users asked for in vain."""
