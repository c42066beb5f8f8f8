// APPCACHE_EXPORT: marks what the shared libraries export.
//
// They are compiled with hidden visibility. The macro is on the functions that
// are defined in a source file and used outside its library, on the classes
// that have such functions, and on those that other libraries derive from or
// catch. Templates and inline functions do not need it.
//
// It comes first in the declaration of a function, and before the name of a
// class.

#ifndef APPCACHE_EXPORT_H_
#define APPCACHE_EXPORT_H_

#define APPCACHE_EXPORT [[gnu::visibility("default")]]

#endif  // APPCACHE_EXPORT_H_
