"""The commands of data staff; each module is loaded only when its command is asked for."""
