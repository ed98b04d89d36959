"""Three agencies that work one day on an axis, each in its own way, and what all sides must say of it at the end."""
