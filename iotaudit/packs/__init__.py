"""What people write and the world is known by: YAML files and databases to frozen types, with every mistake placed."""
