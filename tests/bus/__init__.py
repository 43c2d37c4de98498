"""Tests of the feed outside: what NATS hears of the exchange."""
