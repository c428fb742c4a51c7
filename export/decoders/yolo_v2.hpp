// Decodes the raw grid of YOLO v2, Tiny YOLO v2 and the grid detector. C++17, the standard library.
#pragma once

#include <array>
#include <cmath>

#include "suppress.hpp"

namespace regionzoo {

struct YoloV2 {  // as the card's `decoder` has it
  std::array<int, 2> image_size;              // height, width in pixels, where boxes end
  std::vector<std::array<float, 2>> anchors;  // width, height in cells
  std::array<float, 2> stride;                // height, width of a cell in pixels
  int num_classes;
  float score_threshold, iou_threshold;
  std::size_t max_detections;
};

constexpr float kLargestLogRatio = 4.135166556742356f;  // of a box's side to its anchor's, so that exp() stays finite

inline float sigmoid(float value) { return 0.5f * (1.0f + std::tanh(0.5f * value)); }

// `grid` holds (rows, columns, A * (5 + C)): of each anchor of a cell tx, ty, tw, th, the logit of there being an object,
// and C logits of classes. Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Direct location prediction".
inline std::vector<Detection> decode(const float* grid, int rows, int columns, const YoloV2& card) {
  std::vector<Detection> pairs;
  const float bottom = card.image_size[0], right = card.image_size[1];
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column)
      for (const auto& anchor : card.anchors) {
        const float x = (sigmoid(grid[0]) + column) * card.stride[1], y = (sigmoid(grid[1]) + row) * card.stride[0];
        const float w = std::exp(std::min(grid[2], kLargestLogRatio)) * anchor[0] * card.stride[1] / 2;
        const float h = std::exp(std::min(grid[3], kLargestLogRatio)) * anchor[1] * card.stride[0] / 2;
        const float* logits = grid + 5;
        const float highest = *std::max_element(logits, logits + card.num_classes);
        float sum = 0;
        for (int c = 0; c < card.num_classes; ++c) sum += std::exp(logits[c] - highest);
        for (int c = 0; c < card.num_classes; ++c)
          pairs.push_back({std::clamp(x - w, 0.0f, right), std::clamp(y - h, 0.0f, bottom),
                           std::clamp(x + w, 0.0f, right), std::clamp(y + h, 0.0f, bottom),
                           sigmoid(grid[4]) * std::exp(logits[c] - highest) / sum, c});
        grid += 5 + card.num_classes;
      }
  return suppress(std::move(pairs), card.score_threshold, card.iou_threshold, card.max_detections);
}

}  // namespace regionzoo
