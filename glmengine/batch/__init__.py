"""One analysis on many recordings: in this process, in several, or on a cluster; resumed, summed up, a failure keeping no other."""
