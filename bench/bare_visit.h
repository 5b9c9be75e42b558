// What do the system calls alone take, by which /proc tells what every process has?
#pragma once

namespace rm::bench {

// Opens, lists, stats and reads all of it as the search does, looks for nothing and keeps nothing:
// no reader of /proc with this many threads is faster. Dies of what fails.
void VisitProc(unsigned threads);

}  // namespace rm::bench
