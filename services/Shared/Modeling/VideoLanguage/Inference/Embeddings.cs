using System.Numerics.Tensors;

namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>A video in the common space.</summary>
/// <param name="Global">[d], length 1: compare with a text's by scalar product.</param>
/// <param name="Local">[R, d]: one row per region token, padding included.</param>
/// <param name="Mask">[R]: false for padding.</param>
/// <param name="Tokens">[R]: where each region comes from.</param>
public sealed record VideoEmbedding(float[] Global, float[] Local, bool[] Mask, RegionToken[] Tokens);

/// <summary>A text in the common space.</summary>
/// <param name="Global">[d], length 1.</param>
/// <param name="Local">[L, d]: one row per token after [CLS]; row l is token l+1 of the text.</param>
/// <param name="Mask">[L]: false for padding.</param>
public sealed record TextEmbedding(float[] Global, float[] Local, bool[] Mask)
{
    /// <summary>Cosine with a video, in [-1, 1].</summary>
    public float GlobalScore(VideoEmbedding video) => TensorPrimitives.Dot<float>(Global, video.Global);
}

/// <summary>The region a word looks at most.</summary>
/// <param name="TokenIndex">Index of the word piece in the text's tokens ([CLS] is 0 and never appears).</param>
/// <param name="Region">The region.</param>
/// <param name="Weight">The region's share of the word's attention, in (0, 1].</param>
/// <param name="Similarity">Cosine between the word and all it attends to, in [-1, 1]: how well it is found in the video.</param>
public readonly record struct WordEvidence(int TokenIndex, RegionToken Region, float Weight, float Similarity);

/// <summary>An answer and how sure the model is of it.</summary>
/// <param name="Answer">Text.</param>
/// <param name="Probability">Among all answers of the model.</param>
public readonly record struct AnswerCandidate(string Answer, float Probability);

/// <summary>A region and its share of the attention that led to an answer.</summary>
/// <param name="Region">The region.</param>
/// <param name="Weight">In [0, 1]; all regions of the video together have at most 1.</param>
public readonly record struct RegionWeight(RegionToken Region, float Weight);

/// <summary>What a QA model says about one video.</summary>
/// <param name="Answers">The most probable answers, best first.</param>
/// <param name="Attention">All real regions, in the order of the frames.</param>
public sealed record VideoAnswer(IReadOnlyList<AnswerCandidate> Answers, IReadOnlyList<RegionWeight> Attention);
