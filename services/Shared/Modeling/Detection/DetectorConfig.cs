using System.Text.Json;
using System.Text.Json.Serialization;

namespace DemoVlp.Modeling.Detection;

/// <summary>How a region of the feature map becomes a fixed grid.</summary>
public enum RegionPooler
{
    /// <summary>Maximum over integer bins (caffe-style checkpoints).</summary>
    RoiPool,

    /// <summary>Bilinear samples, half-pixel shift removed (detectron2's ROIAlignV2).</summary>
    RoiAlign,

    /// <summary>Bilinear samples without the shift (detectron2's ROIAlign).</summary>
    RoiAlignLegacy,
}

/// <summary>
/// Shape and inference settings of a detector, as <c>config.json</c> holds them (snake_case). The defaults are those of the
/// caffe-style ResNet-101 of bottom-up attention (Anderson et al. 2018, "10-100" setting).
/// </summary>
public sealed record DetectorConfig
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Short name, shown with every region.</summary>
    public string Name { get; init; } = "bua-caffe-frcn-r101";

    /// <summary>Channels after the stem.</summary>
    public int StemOut { get; init; } = 64;

    /// <summary>Channels after res2; each later stage doubles them, so res5 gives eight times as many: the feature dimension.</summary>
    [JsonPropertyName("res2_out")]
    public int Res2Out { get; init; } = 256;

    /// <summary>Channels inside a res2 bottleneck; each later stage doubles them.</summary>
    [JsonPropertyName("res2_mid")]
    public int Res2Mid { get; init; } = 64;

    /// <summary>Bottlenecks in res2, res3, res4 and res5.</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [3, 4, 23, 3];

    /// <summary>Channels of the proposal network's hidden layer.</summary>
    public int RpnHidden { get; init; } = 512;

    /// <summary>Side of the anchors' reference window, pixels.</summary>
    public int AnchorBase { get; init; } = 16;

    /// <summary>Anchor sizes in reference windows.</summary>
    public IReadOnlyList<double> AnchorScales { get; init; } = [4, 8, 16, 32];

    /// <summary>Anchor height over width.</summary>
    public IReadOnlyList<double> AnchorRatios { get; init; } = [0.5, 1, 2];

    /// <summary>Pixels of the network's input per cell of the res4 map. 16 for this network.</summary>
    public int Stride { get; init; } = 16;

    /// <summary>Candidates that reach the proposals' suppression.</summary>
    public int PreNmsTopk { get; init; } = 6000;

    /// <summary>Proposals per image.</summary>
    public int PostNmsTopk { get; init; } = 300;

    /// <summary>Overlap at which a proposal suppresses a weaker one.</summary>
    public float RpnNms { get; init; } = 0.7f;

    /// <summary>Smallest side of a proposal, pixels of the original picture.</summary>
    public double MinSize { get; init; } = 16;

    /// <summary>Cells per side of a pooled region.</summary>
    public int Pool { get; init; } = 14;

    /// <summary>How regions are pooled.</summary>
    public RegionPooler Pooler { get; init; } = RegionPooler.RoiPool;

    /// <summary>Samples per bin side of RoIAlign; 0 takes as many as the bin has cells.</summary>
    public int SamplingRatio { get; init; }

    /// <summary>2: res5 keeps the grid's size with dilated convolutions; 1: it halves it with stride 2.</summary>
    [JsonPropertyName("res5_dilation")]
    public int Res5Dilation { get; init; } = 2;

    /// <summary>Classes with the background, which is class 0.</summary>
    public int NumClasses { get; init; } = 1601;

    /// <summary>Attributes with "none", which is attribute 0.</summary>
    public int NumAttrs { get; init; } = 401;

    /// <summary>Width of the class embedding that the attribute layer reads.</summary>
    public int EmbedDim { get; init; } = 256;

    /// <summary>Width of the attribute layer.</summary>
    public int AttrHidden { get; init; } = 512;

    /// <summary>Mean of B, G and R, taken off before resizing.</summary>
    public IReadOnlyList<double> PixelMean { get; init; } = [102.9801, 115.9465, 122.7717];

    /// <summary>The shorter side of a frame is resized to this many pixels...</summary>
    public int ShortSide { get; init; } = 600;

    /// <summary>...unless the longer side would exceed this.</summary>
    public int LongSide { get; init; } = 1000;

    /// <summary>Overlap at which a box suppresses a weaker one of its class.</summary>
    public float ClsNms { get; init; } = 0.3f;

    /// <summary>Fewest regions per frame, while there are as many proposals.</summary>
    public int MinBoxes { get; init; } = 10;

    /// <summary>Most regions per frame.</summary>
    public int MaxBoxes { get; init; } = 100;

    /// <summary>Confidence from which a box counts as seen.</summary>
    public float ConfThresh { get; init; } = 0.2f;

    /// <summary>The full caffe-style ResNet-101 with 1600 classes and 400 attributes: 65.6 million values, 2048-d features.</summary>
    public static DetectorConfig R101 { get; } = new();

    /// <summary>
    /// A network of the same structure with 256-d features and some 0.4 million values, for tests, demonstrations and small machines:
    /// frames are seen at 240 to 400 pixels, 64 proposals, 10 to 30 regions.
    /// </summary>
    public static DetectorConfig Tiny { get; } = new()
    {
        Name = "tiny-frcn",
        StemOut = 16,
        Res2Out = 32,
        Res2Mid = 8,
        Blocks = [1, 1, 2, 1],
        RpnHidden = 32,
        AnchorScales = [2, 4, 8, 16],
        PreNmsTopk = 600,
        PostNmsTopk = 64,
        MinSize = 8,
        NumClasses = 9,
        NumAttrs = 9,
        EmbedDim = 16,
        AttrHidden = 32,
        ShortSide = 240,
        LongSide = 400,
        MaxBoxes = 30,
    };

    /// <summary>
    /// The network that this project trains itself: the same structure with 256-d features and some 0.7 million values, for pictures of 240 pixels whose
    /// objects are between a tenth and half of that.
    /// </summary>
    public static DetectorConfig Small { get; } = new()
    {
        Name = "small-frcn",
        StemOut = 16,
        Res2Out = 32,
        Res2Mid = 16,
        Blocks = [1, 1, 2, 1],
        RpnHidden = 64,
        AnchorScales = [2, 3, 4.5, 6],
        PreNmsTopk = 600,
        PostNmsTopk = 64,
        MinSize = 8,
        Pool = 7,
        Pooler = RegionPooler.RoiAlign,
        SamplingRatio = 2,
        Res5Dilation = 1,
        EmbedDim = 16,
        AttrHidden = 64,
        ShortSide = 240,
        LongSide = 400,
        MaxBoxes = 30,
    };

    /// <summary>Channels of the res4 map.</summary>
    [JsonIgnore]
    public int MapChannels => Res2Out * 4;

    /// <summary>D, the length of a region's feature.</summary>
    [JsonIgnore]
    public int FeatureDim => Res2Out * 8;

    /// <summary>A, anchors per cell.</summary>
    [JsonIgnore]
    public int AnchorsPerCell => AnchorScales.Count * AnchorRatios.Count;

    /// <summary>Stride of res5's first block.</summary>
    [JsonIgnore]
    public int Res5Stride => Res5Dilation == 1 ? 2 : 1;

    /// <summary>Reads <c>config.json</c>; unknown members are ignored.</summary>
    /// <exception cref="ModelFormatException"><c>config-invalid</c>: not JSON, or a value out of its range.</exception>
    public static DetectorConfig Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var config = JsonSerializer.Deserialize<DetectorConfig>(utf8, Json)
                ?? throw new ModelFormatException("config-invalid", "The detector's config.json is null.");
            config.Validate();
            return config;
        }
        catch (JsonException e)
        {
            throw new ModelFormatException("config-invalid", $"The detector's config.json cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The content of <c>config.json</c>.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="ModelFormatException"><c>config-invalid</c>.</exception>
    public void Validate()
    {
        Check(!string.IsNullOrWhiteSpace(Name) && Name.Length <= 100 && !Name.Any(char.IsControl), "name");
        Check(StemOut is >= 1 and <= 1024, "stem_out");
        Check(Res2Out is >= 1 and <= 2048, "res2_out");
        Check(Res2Mid is >= 1 and <= 2048, "res2_mid");
        Check(Blocks is { Count: 4 } && Blocks.All(b => b is >= 1 and <= 100), "blocks");
        Check(RpnHidden is >= 1 and <= 8192, "rpn_hidden");
        Check(AnchorBase is >= 1 and <= 1024, "anchor_base");
        Check(AnchorScales is { Count: >= 1 and <= 32 } && AnchorScales.All(s => s is > 0 and <= 1024), "anchor_scales");
        Check(AnchorRatios is { Count: >= 1 and <= 32 } && AnchorRatios.All(r => r is > 0.01 and < 100), "anchor_ratios");
        Check(Stride == 16, "stride");
        Check(PreNmsTopk is >= 1 and <= 100_000, "pre_nms_topk");
        Check(PostNmsTopk is >= 1 and <= 10_000, "post_nms_topk");
        Check(RpnNms is > 0 and <= 1, "rpn_nms");
        Check(MinSize is >= 0 and <= 10_000, "min_size");
        Check(Pool is >= 1 and <= 64, "pool");
        Check(Enum.IsDefined(Pooler), "pooler");
        Check(SamplingRatio is >= 0 and <= 64, "sampling_ratio");
        Check(Res5Dilation is 1 or 2, "res5_dilation");
        Check(NumClasses is >= 2 and <= 1_000_000, "num_classes");
        Check(NumAttrs is >= 2 and <= 1_000_000, "num_attrs");
        Check(EmbedDim is >= 1 and <= 8192, "embed_dim");
        Check(AttrHidden is >= 1 and <= 65_536, "attr_hidden");
        Check(PixelMean is { Count: 3 } && PixelMean.All(double.IsFinite), "pixel_mean");
        Check(ShortSide is >= 16 and <= 8192, "short_side");
        Check(LongSide >= ShortSide && LongSide <= 16_384, "long_side");
        Check(ClsNms is > 0 and <= 1, "cls_nms");
        Check(MinBoxes is >= 1 and <= 10_000, "min_boxes");
        Check(MaxBoxes >= MinBoxes && MaxBoxes <= 10_000, "max_boxes");
        Check(ConfThresh is >= 0 and <= 1, "conf_thresh");
    }

    private static void Check(bool holds, string member)
    {
        if (!holds) throw new ModelFormatException("config-invalid", $"The detector's config.json has a value out of range for \"{member}\".");
    }
}
