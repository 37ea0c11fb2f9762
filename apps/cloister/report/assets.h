#pragma once

#include <string_view>

namespace cloister::app {

/// Files that every report inlines, as they were when Cloister was built.
std::string_view chart_js();    ///< Chart.js 3, minified, with its licence line
std::string_view report_js();   ///< draws the page's charts with it
std::string_view report_css();  ///< the page's look

}  // namespace cloister::app
