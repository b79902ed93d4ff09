"""Six providers in YAML alone, as different as real ones are."""
