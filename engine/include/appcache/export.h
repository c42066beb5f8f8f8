// APPCACHE_EXPORT: marks what the shared libraries export.
//
// They are compiled with hidden visibility. The macro is on every function and
// class that is defined in a source file and used by another library or a
// program, and on every class whose virtual functions or exceptions cross that
// border. It has no effect in static libraries.
//
// It comes first in the declaration of a function, and before the name of a
// class.

#ifndef APPCACHE_EXPORT_H_
#define APPCACHE_EXPORT_H_

#define APPCACHE_EXPORT [[gnu::visibility("default")]]

#endif  // APPCACHE_EXPORT_H_
