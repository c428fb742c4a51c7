"""What is done with a trained model: ship it, predict a user's own pictures, warp faces."""
