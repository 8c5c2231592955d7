# the test programs
