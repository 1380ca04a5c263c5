using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.DataSets;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Datasets;

/// <summary>What a benchmark data set is read with.</summary>
/// <param name="Annotations">Folder of its files, below the import folder.</param>
/// <param name="Regions">Folder of its region features, below the import folder.</param>
internal sealed record BenchmarkOptions(string Annotations, string Regions)
{
    /// <summary>MSRVTT: which division of the videos; null: 1k-A.</summary>
    public string? Cut { get; init; }

    /// <summary>Share of the rows that are read; null: as published.</summary>
    public double? Share { get; init; }

    /// <summary>Of <see cref="Share"/>.</summary>
    public long? Seed { get; init; }

    /// <summary>True: rows are read with the published code's mistakes, for comparison (<see cref="ReferenceCompatibility"/>).</summary>
    public bool? Reference { get; init; }
}

/// <summary>What is in a benchmark's files.</summary>
internal sealed record DatasetCounts(IReadOnlyList<DatasetSplit> Splits, IReadOnlyDictionary<string, int> Unusable, IReadOnlyList<UnusableClip> First);

/// <summary>The files of a benchmark data set as clips. A video that several rows of questions are about is one clip.</summary>
internal sealed class BenchmarkFiles(string format, BenchmarkOptions options, ImportFolder imports)
{
    // Images, not videos; the only such format.
    private const string ConceptualCaptions = "cc3m";
    private const string VideoRepeated = "video-repeated", RegionsOutside = "regions-outside";

    private static readonly (string Name, DataSetSplit Split)[] AllSplits =
        [(Splits.Train, DataSetSplit.Train), (Splits.Val, DataSetSplit.Validation), (Splits.Test, DataSetSplit.Test)];

    // Where the formats have their files (Modeling/DataSets/README.md).
    private static readonly string[] FileFolders =
        ["", "meta_data", "annotation", "meta_data/annotation", "high-quality/structured-symlinks", "meta_data/high-quality/structured-symlinks"];

    /// <summary>The files of a row.</summary>
    public static BenchmarkFiles Of(DatasetRow row, ImportFolder imports) =>
        new(row.Format, JsonSerializer.Deserialize<BenchmarkOptions>(row.Options, JsonSerializerOptions.Web)!, imports);

    /// <summary>The splits whose files are there and can be opened.</summary>
    /// <exception cref="ApiException">400: there is none.</exception>
    public IReadOnlyList<string> Check()
    {
        var found = new List<string>();
        ModelFormatException? missing = null;
        _ = imports.Folder(options.Regions);
        foreach (var (name, split) in AllSplits)
        {
            try
            {
                Open(split, null, new DataSetReport());
                found.Add(name);
            }
            catch (ModelFormatException e) when (e.Code is "dataset-split" or "dataset-missing-file")
            {
                missing = missing is null || e.Code == "dataset-missing-file" ? e : missing;
            }
            catch (ModelFormatException e)
            {
                throw new ApiException(400, e.Code, imports.WithoutRoot(e.Message));
            }
        }
        return found.Count > 0 ? found : throw new ApiException(400, missing!.Code, imports.WithoutRoot(missing.Message));
    }

    /// <summary>The clips of a split in the order of the files, those without features too.</summary>
    /// <exception cref="ModelFormatException">The files are broken.</exception>
    public IEnumerable<Clip> Read(string split)
    {
        var regions = imports.Folder(options.Regions);
        var items = Open(AllSplits.Single(s => s.Name == split).Split, null, new DataSetReport(0));
        return DataSetCatalog.KindOf(format) == DataSetKind.Captions
            ? Distinct(items).Select(item => Describe([item], regions))
            : items.GroupBy(item => item.VideoId).Select(group => Describe([.. group], regions));
    }

    /// <summary>Goes through all files once.</summary>
    /// <param name="splits">The splits to count.</param>
    /// <param name="each">Takes every row that cannot be used.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="ModelFormatException">The files are broken.</exception>
    public DatasetCounts Count(IReadOnlyList<string> splits, Action<UnusableClip> each, CancellationToken cancellationToken)
    {
        var regions = imports.Folder(options.Regions);
        var (unusable, first, counts) = (new Dictionary<string, int>(), new List<UnusableClip>(), new List<DatasetSplit>());
        var report = new DataSetReport(0, row => Add(row.Place, row.VideoId, row.Reason, row.Detail));
        foreach (var (name, split) in AllSplits.Where(s => splits.Contains(s.Name)))
        {
            var (seen, sum) = (new HashSet<ulong>(), new DatasetSplit(name, 0, 0, 0, 0, 0));
            foreach (var item in Open(split, regions, report))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var isNew = seen.Add(Hash(item.VideoId));
                if (!imports.Holds(Path.Combine(regions, item.RegionPath))) Add(item.Place, item.VideoId, RegionsOutside, "A link of its region files leads out of the import folder.");
                else if (item is CaptionItem && !isNew) Add(item.Place, item.VideoId, VideoRepeated, "An earlier row of the split is about the same video.");
                else sum = Sum(sum, item, isNew);
            }
            counts.Add(sum);
        }
        return new DatasetCounts(counts, unusable, first);

        void Add(RowPlace place, string video, string reason, string detail)
        {
            var clip = new UnusableClip(place.ToString(), video, reason, detail);
            unusable[reason] = unusable.GetValueOrDefault(reason) + 1;
            if (first.Count < DatasetCatalog.Named) first.Add(clip);
            each(clip);
        }
    }

    private IEnumerable<DataSetItem> Open(DataSetSplit split, string? regions, DataSetReport report)
    {
        var root = imports.Folder(options.Annotations);
        foreach (var file in FileFolders.Select(folder => new DirectoryInfo(Path.Combine(root, folder))).Where(folder => folder.Exists).SelectMany(folder => folder.EnumerateFileSystemInfos()))
            if (file.LinkTarget is not null && !imports.Holds(file.FullName)) throw new ApiException(400, "bad-path", "Among the annotations is a link that leads out of the import folder.");
        var how = new DataSetOptions { RegionDirectory = regions, Share = options.Share, Seed = (ulong)(options.Seed ?? 0) };
        if (options.Reference == true) how = how with { Compatibility = ReferenceCompatibility.Reference };
        if (options.Cut is { } cut) how = how with { Cut = cut };
        return DataSetCatalog.KindOf(format) switch
        {
            DataSetKind.Captions => DataSetCatalog.OpenCaptions(format, root, split, how).Read(report),
            DataSetKind.Questions => DataSetCatalog.OpenQuestions(format, root, split, how).Read(report),
            _ => DataSetCatalog.OpenMultipleChoice(format, root, split, how).Read(report),
        };
    }

    // By hashes: the largest files name millions of videos.
    private static IEnumerable<DataSetItem> Distinct(IEnumerable<DataSetItem> items)
    {
        var seen = new HashSet<ulong>();
        return items.Where(item => seen.Add(Hash(item.VideoId)));
    }

    private static ulong Hash(string video) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(video)));

    private static DatasetSplit Sum(DatasetSplit sum, DataSetItem item, bool isNew)
    {
        if (isNew) sum = sum with { Clips = sum.Clips + 1, WithRegions = sum.WithRegions + 1 };
        return item switch
        {
            CaptionItem caption => sum with { Captions = sum.Captions + caption.Captions.Count },
            QuestionItem => sum with { Questions = sum.Questions + 1 },
            _ => sum with { Choices = sum.Choices + 1 },
        };
    }

    private Clip Describe(IReadOnlyList<DataSetItem> rows, string regions)
    {
        var image = format == ConceptualCaptions;
        var path = Path.Combine(regions, rows[0].RegionPath);
        var outside = !imports.Holds(path);
        var frames = outside ? null : image ? RegionFrames.OfImage(path) : RegionFrames.OfVideo(path);
        return new Clip
        {
            Id = rows[0].VideoId,
            Captions = [.. rows.OfType<CaptionItem>().SelectMany(row => row.Captions)],
            Questions = [.. rows.OfType<QuestionItem>().Select(row => new ClipQuestion(row.Question, row.Answer, row.AnswerType))],
            Choices = [.. rows.OfType<MultipleChoiceItem>().Select(row => new ClipChoice(row.Options, row.Answer))],
            Regions = frames is null ? null : new ClipRegions(null, path, image),
            Missing = frames is not null ? null : outside ? "A link of its region files leads out of the import folder." : "It has no region files, or only one.",
        };
    }
}
