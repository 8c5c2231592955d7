# filled in by the folder's files
