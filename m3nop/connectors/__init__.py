"""Layer connectors: the systems that m3nop talks to, each behind the ports of core."""
