"""The commands of a serving machine."""
