"""What several pages of the catalogue use; nothing here is an exercise."""
