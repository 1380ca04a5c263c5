using System.Text.Json.Serialization;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>Sizes of the video encoder; defaults are the paper's.</summary>
public sealed record ObjectTransformerConfig
{
    /// <summary>Numbers that describe a region's place: x1/W, y1/H, x2/W, y2/H, w/W, h/H.</summary>
    public const int PositionDim = 6;

    /// <summary><see cref="TimeModule"/> with attention between frames.</summary>
    public const string TimeAttention = "timeattn";

    /// <summary><see cref="RegionOrder"/> in which a region's place in its frame is that of the same thing in other frames.</summary>
    public const string Tracks = "tracks";

    /// <summary>Width of a detector's region feature.</summary>
    public int FeatureDim { get; init; } = 2048;

    /// <summary>D: width of the hidden states.</summary>
    public int EmbedDim { get; init; } = 768;

    /// <summary>Blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int NumHeads { get; init; } = 12;

    /// <summary>Width of the feed-forward layers in multiples of <see cref="EmbedDim"/>.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>F: frames per video, at most.</summary>
    public int NumFrames { get; init; } = 8;

    /// <summary>N: regions per frame.</summary>
    public int ObjectNum { get; init; } = 30;

    /// <summary>"" (as in all configurations of the paper) or <see cref="TimeAttention"/>.</summary>
    public string? TimeModule { get; init; } = "";

    /// <summary>Which regions of a frame are taken and in which place: the most confident by confidence if not set, as published, or <see cref="Tracks"/>, one region a thing, which gives time attention something to follow.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RegionOrder { get; init; }

    internal bool HasTimeAttention => TimeModule == TimeAttention;
}
