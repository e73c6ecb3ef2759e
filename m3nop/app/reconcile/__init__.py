"""Compares both systems with each other, and with what m3nop knows of them; nothing is written anywhere."""
