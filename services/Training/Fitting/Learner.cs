using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using TorchSharp;
using StepOptions = DemoVlp.Modeling.VideoLanguage.Training.TrainingOptions;

namespace DemoVlp.Training.Fitting;

/// <summary>A model that is being trained: what differs between the tasks. Called on the training thread alone.</summary>
internal abstract class Learner(LoadedModel model) : IDisposable
{
    /// <summary>The network under training, and what belongs to it.</summary>
    public LoadedModel Model { get; } = model;

    /// <summary>What the tasks have in common.</summary>
    public abstract IModelTrainer Trainer { get; }

    /// <summary>A learner of a task.</summary>
    /// <param name="task">One of <see cref="ModelTasks"/>.</param>
    /// <param name="model">What to start from; the learner's from now on.</param>
    /// <param name="losses">Retrieval: one of <see cref="LossTerms"/>.</param>
    /// <param name="options">How it steps.</param>
    /// <param name="device">Where it computes.</param>
    public static Learner Create(string task, LoadedModel model, string losses, StepOptions options, torch.Device device) =>
        task == ModelTasks.QuestionAnswering ? new QuestionLearner(model, options, device) : new RetrievalLearner(model, losses, options, device);

    /// <summary>One optimiser step.</summary>
    /// <exception cref="NotFiniteNumberException">The loss is not a number any more.</exception>
    /// <returns>The losses by name.</returns>
    public abstract Dictionary<string, double> Step(IReadOnlyList<Sample> batch);

    /// <summary>Measures the model as it is; it does not change.</summary>
    /// <param name="samples">Read as they are asked for.</param>
    /// <param name="cancellationToken">Asked now and then.</param>
    /// <exception cref="NotFiniteNumberException">The model puts out what is not a number.</exception>
    /// <returns>The metrics by name; null if there is no sample.</returns>
    public abstract Dictionary<string, double>? Validate(IEnumerable<Sample> samples, CancellationToken cancellationToken);

    /// <summary>What a model is chosen by: the larger the better.</summary>
    public abstract double Score(IReadOnlyDictionary<string, double> metrics);

    /// <inheritdoc/>
    public void Dispose()
    {
        Trainer.Dispose();
        Model.Dispose();
        GC.SuppressFinalize(this);
    }
}
