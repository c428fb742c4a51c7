"""What trains a recipe: the record, the run's folder, schedules and callbacks, and R-CNN's own steps."""
