"""Stand-ins for the Meraki and Webex clouds: for tests, and to try mvsnap out."""
