// From boxes with a score a class to detections: non-maximum suppression, class by class. C++17, the standard library.
#pragma once

#include <algorithm>
#include <vector>

namespace regionzoo {

struct Detection {
  float x1, y1, x2, y2, score;  // pixels of the picture; 0 to 1
  int label;                    // from 0
};

constexpr std::size_t kCandidates = 5000;  // the best pairs of box and class that are looked at

inline float overlap(const Detection& a, const Detection& b) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  const float common = std::max(width, 0.0f) * std::max(height, 0.0f);
  const float both = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - common;
  return common / std::max(both, 1e-12f);
}

// Takes pairs of box and class in any order; returns at most `max_detections`, by falling score. A pair with a score of
// `score_threshold` or less is dropped, and one that overlaps a better one of its class by more than `iou_threshold`.
inline std::vector<Detection> suppress(std::vector<Detection> pairs, float score_threshold, float iou_threshold,
                                       std::size_t max_detections) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const Detection& a, const Detection& b) { return a.score > b.score; });
  if (pairs.size() > kCandidates) pairs.resize(kCandidates);
  std::vector<Detection> kept;
  for (const Detection& one : pairs) {
    if (kept.size() == max_detections || one.score <= score_threshold) break;
    const bool beaten = std::any_of(kept.begin(), kept.end(), [&](const Detection& better) {
      return better.label == one.label && overlap(better, one) > iou_threshold;
    });
    if (!beaten) kept.push_back(one);
  }
  return kept;
}

}  // namespace regionzoo
