"""What the site reports of itself: troubles to a room, and a sign of life."""
