"""What the site tells of itself: troubles to a room, and a sign of life."""
