"""Where tables come from: files, folders and databases behind one door."""
